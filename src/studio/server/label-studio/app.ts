import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { UserError } from "../../../user-error.ts";
import { readBody } from "../body.ts";
import { answerFailure, notFound, RequestError } from "../failure.ts";
import { onlyOwnHost, securityHeaders } from "../security.ts";
import { onlyPrograms, onlyWithToken } from "./authorization.ts";
import type { Predictions } from "./predictions.ts";
import { predictRequest, setupRequest } from "./requests.ts";
import type { Sites } from "./sites.ts";

/** Most bytes of a body: tasks come with their annotations, and those of a brush are long. */
const largestBody = 64 << 20;
/** Most requests for predictions that are answered or wait. */
const mostRequests = 64;

export interface BackendOptions {
  readonly predictions: Predictions;
  readonly sites: Sites;
  /** Port of this computer's own names; null where others may ask too, who then have the token. */
  readonly ownPort: (() => number) | null;
  readonly token: string | undefined;
  readonly tell: (message: string) => void;
}

/** All that Label Studio asks of a model. */
export function backendApp({ predictions, sites, ownPort, token, tell }: BackendOptions): Hono {
  const { classes, version, device } = predictions.facts;
  const told = new Set<string>();
  const tellOnce = (message: string): void => {
    if (told.has(message) || told.size > 1000) return;
    told.add(message);
    tell(message);
  };
  let requests = 0;

  const app = new Hono().use(securityHeaders).use(onlyPrograms);
  if (ownPort) app.use(onlyOwnHost(ownPort));
  if (token !== undefined) app.use(onlyWithToken(token));
  app.use(bodyLimit({ maxSize: largestBody, onError: tooLarge }));

  const health = (c: Context): Response =>
    c.json({ status: "UP", model_class: "tag2mask", model_version: version, device, classes });
  app.get("/", health).get("/health", health);
  app.get("/versions", (c) => c.json({ versions: [version] }));

  app.post("/setup", async (c) => {
    const request = await readBody(c, setupRequest);
    const { labels, inOtherCase, unknown } = predictions.match(request.schema);
    sites.remember(request);
    const project = `project ${request.project.split(".")[0]}`;
    const missing = classes.filter((_, i) => labels[i] === undefined);
    for (const { label, class: name } of inOtherCase) {
      tellOnce(`${project}: the label "${label}" is taken for the class "${name}"`);
    }
    if (unknown.length > 0) {
      tellOnce(`${project}: the model does not know the labels ${unknown.join(", ")}`);
    }
    if (missing.length > 0) {
      tellOnce(`${project}: has no labels for ${missing.join(", ")}, which are left out of masks`);
    }
    return c.json({
      model_version: version,
      matched_labels: labels.filter((label) => label !== undefined),
      unknown_labels: unknown,
      classes_without_label: missing,
    });
  });

  app.post("/predict", async (c) => {
    const { tasks, project, label_config, params } = await readBody(c, predictRequest);
    if (label_config === null || label_config === undefined) {
      throw new RequestError(400, "invalid-input", "label_config: the request has none.");
    }
    const matched = predictions.match(label_config);
    if (isInteractive(params?.context)) {
      const reason =
        "tag2mask makes masks of whole images and knows no interactive prompts; switch interactive preannotations off for it";
      tellOnce(reason);
      return json(c, predictions.refusal(tasks, reason));
    }
    if (requests >= mostRequests) {
      throw new RequestError(503, "busy", "Too many requests wait already; ask again later.");
    }
    requests++;
    try {
      return json(c, await predictions.answer(tasks, matched, sites.of(project), c.req.raw.signal));
    } finally {
      requests--;
    }
  });

  app.post("/webhook", (c) => {
    const message = "tag2mask does not train on events of Label Studio; nothing was done";
    tellOnce("webhook: events of Label Studio are not used; the model stays as it is");
    return c.json({ status: "ignored", message });
  });

  app.onError(answerError);
  app.notFound((c) => answerFailure(notFound(), c));
  return app;
}

/** What was painted with a tool that asks the model at once; Label Studio sends null or an empty object otherwise. */
function isInteractive(context: unknown): boolean {
  return typeof context === "object" && context !== null && Object.keys(context).length > 0;
}

function json(c: Context, text: string): Response {
  return c.body(text, 200, { "content-type": "application/json; charset=UTF-8" });
}

function tooLarge(c: Context): Response {
  const message = `The body has more than ${largestBody} bytes: ask for fewer tasks at a time.`;
  return c.json({ code: "too-large", message }, 413);
}

/** Where the one who asked has gone, nobody reads the answer. */
function answerError(error: Error, c: Context): Response {
  if (c.req.raw.signal.aborted && !(error instanceof UserError)) return c.body(null, 408);
  return answerFailure(error, c);
}
