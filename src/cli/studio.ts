import { Command } from "commander";
import { UserError } from "../user-error.ts";
import { ctrlCNote, Interruption } from "./interrupt.ts";
import { openInBrowser } from "./open-in-browser.ts";
import { portNumber, withExamples, withJson } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface StudioCommandOptions {
  readonly json?: boolean;
  readonly open: boolean;
  readonly port?: number;
  readonly project?: string;
}

/** `tag2mask studio`: the page in which a person tags, trains, looks, corrects and exports. */
export function studioCommand(open: OpenOutput): Command {
  const command = new Command("studio")
    .summary("tag, train, look, correct and export in a page of your browser")
    .description(
      "Opens a page in the browser in which you tag images, train on the tags, look at what the method sees, correct its masks and " +
        "export them. The images stay where they are; tags go into tags.csv of the folder, everything else into its .tag2mask folder. " +
        "The page is reachable from this computer alone: from another one, use `ssh -L 4848:localhost:4848`.",
    )
    .argument("[folder]", "folder of the images, or of a data set", ".")
    .option("--port <n>", "port to listen at (default: 4848 or the next free one)", portNumber)
    .option("--no-open", "do not open the browser")
    .option(
      "--project <folder>",
      "folder for the studio's own files, if the data folder cannot be written",
    )
    .action((folder: string, options: StudioCommandOptions) => runStudio(open, folder, options));
  return withExamples(
    withJson(command),
    "tag2mask studio photos",
    "tag2mask studio /data/VOC2012 --project ~/voc-studio",
    "tag2mask studio photos --port 5000 --no-open",
  );
}

async function runStudio(
  open: OpenOutput,
  folder: string,
  options: StudioCommandOptions,
): Promise<void> {
  const output = open(options);
  const { serveStudio } = await import("../studio/server/open-studio.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const { port, project } = options;
  const { studioWords: words } = await import("./studio-words.ts");
  const started = serveStudio(nodeHost, { data: folder, port, project, words });
  const studio = await started.catch(worded);
  const interruption = new Interruption();
  const stopped = new Promise<void>((resolve) => {
    interruption.handle(() => {
      output.note(ctrlCNote("closing the studio"));
      resolve();
    });
  });
  output.say(`studio   ${studio.url}\nCtrl-C   ends it; everything is saved as you go`);
  output.record({ url: studio.url });
  if (options.open && !output.json) openInBrowser(studio.url);
  await stopped;
  await studio.close();
  interruption.release();
}

/** Says what the server cannot: which option helps. */
function worded(error: unknown): never {
  if (error instanceof UserError) {
    const more = new Map([
      ["unwritable-project", "give --project and a folder that can be written"],
      ["port-in-use", "give another --port, or none"],
    ]).get(error.code);
    if (more !== undefined) {
      throw new UserError(`${error.message}; ${more}`, { code: error.code, cause: error });
    }
  }
  throw error;
}
