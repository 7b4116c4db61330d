import { Command, Option } from "commander";
import type { InstanceKind } from "../method/images/regions.ts";
import { UserError } from "../user-error.ts";
import { ctrlCNote, Interruption } from "./interrupt.ts";
import { portNumber, withExamples, withJson, withModel, withViews } from "./options.ts";
import type { ModelOptions, ViewOptions } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface ServeCommandOptions extends ModelOptions, ViewOptions {
  readonly json?: boolean;
  readonly data?: string;
  readonly port: number;
  readonly host?: string;
  readonly token?: string;
  readonly instances: InstanceKind;
}

/** `tag2mask serve`: a trained model as a service that annotation tools ask. */
export function serveCommand(open: OpenOutput): Command {
  const command = new Command("serve")
    .summary("answer Label Studio's requests for predictions")
    .description(
      "Serves a trained model to a running Label Studio, as what it calls an ML backend: tasks that are opened or chosen there get " +
        "masks as predictions. Labels and classes are matched by name; a task's choices, or its field tags, limit its mask to them. " +
        "Only this computer can ask, unless --host is given, which needs a token: Label Studio sends it as the password of basic " +
        "authentication, of any user. Images are read from --data and from Label Studio itself, with the key that it hands over or " +
        "the environment variables LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.",
    )
    .requiredOption("--label-studio", "serve Label Studio");
  withViews(withModel(command))
    .option(
      "--data <folder>",
      "the folder that Label Studio serves local files from (its LOCAL_FILES_DOCUMENT_ROOT)",
    )
    .addOption(
      new Option("--port <n>", "port to listen at, 0 for any free one")
        .argParser(portNumber)
        .default(9090),
    )
    .option("--host <address>", "listen at this address, for a Label Studio on another computer")
    .addOption(
      new Option("--token <token>", "what whoever asks must send, at least 16 characters").env(
        "TAG2MASK_TOKEN",
      ),
    )
    .addOption(
      new Option("--instances <kind>", "objects of a mask: all of a class, or connected regions")
        .choices(["regions", "classes"])
        .default("classes"),
    )
    .action((options: ServeCommandOptions) => runServer(open, options));
  return withExamples(
    withJson(command),
    "tag2mask serve --label-studio --model runs/train/exp",
    "tag2mask serve --label-studio --model runs/train/exp --data photos --flip --crf",
    "TAG2MASK_TOKEN=$(openssl rand -hex 16) tag2mask serve --label-studio --model animals.onnx --host 0.0.0.0",
  );
}

async function runServer(open: OpenOutput, options: ServeCommandOptions): Promise<void> {
  const output = open(options);
  const { serveLabelStudio } = await import("../studio/server/label-studio/serve-label-studio.ts");
  const { LABEL_STUDIO_URL: url, LABEL_STUDIO_API_KEY: key } = process.env;
  const starting = serveLabelStudio({
    ...options,
    site: { url, key },
    tell: (message) => output.note(message),
  });
  const server = await starting.catch(worded);
  const interruption = new Interruption();
  const stopped = new Promise<void>((resolve) => {
    interruption.handle(() => {
      output.note(ctrlCNote("closing"));
      resolve();
    });
  });
  const { classes, version, device } = server;
  output.say(
    `model    ${version} on ${device}: ${classes.join(", ")}\n` +
      `address  ${server.url}   in Label Studio: Settings, Model, Connect Model\nCtrl-C   ends it`,
  );
  output.record({ url: server.url, version, device, classes });
  await stopped;
  await server.close();
  interruption.release();
}

/** Says what the server cannot: which option helps. */
function worded(error: unknown): never {
  if (error instanceof UserError) {
    const more = new Map([
      ["port-in-use", "give another --port"],
      ["no-token", "give --token, or set TAG2MASK_TOKEN"],
    ]).get(error.code);
    if (more !== undefined) {
      throw new UserError(`${error.message}; ${more}`, { code: error.code, cause: error });
    }
  }
  throw error;
}
