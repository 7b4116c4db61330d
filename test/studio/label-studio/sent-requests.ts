import { classes } from "../../jobs/exported-model.ts";

/** The labels of the tests, one in another case, one that is no class; no label for the last class. */
export const labels = [
  ...classes.slice(0, -1).map((name, i) => (i === 0 ? name.toUpperCase() : name)),
  "cat",
];

export const configuration = `<View>
  <Image name="image" value="$image" zoom="true"/>
  <Choices name="tags" toName="image" choice="multiple">${classes.map((name) => `<Choice value="${name}"/>`).join("")}</Choices>
  <BrushLabels name="brush" toName="image">${labels.map((name) => `<Label value="${name}"/>`).join("")}</BrushLabels>
</View>`;

export interface Result {
  readonly from_name: string;
  readonly to_name: string;
  readonly type: string;
  readonly original_width: number;
  readonly original_height: number;
  readonly image_rotation: number;
  readonly value: {
    readonly format: string;
    readonly rle: number[];
    readonly brushlabels: string[];
  };
}

export interface Prediction {
  readonly model_version: string;
  readonly score: number;
  readonly result: readonly Result[];
  readonly error?: string;
  readonly unknown_tags?: readonly string[];
}

/** Sends JSON to a model. */
export function post(url: string, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

/** A request for predictions as Label Studio sends it. */
export const predictBody = (tasks: unknown, context: unknown = null, project = "1.1700000000") => ({
  tasks,
  project,
  label_config: configuration,
  params: { login: "", password: "", context },
});

/** The request that comes when a model is connected. */
export const setupBody = (
  hostname: string,
  access_token = "the-key",
  project = "1.1700000000",
) => ({ ...{ project, schema: configuration, hostname, access_token, extra_params: null } });

/** A task as Label Studio sends it. */
export const task = (id: number, address: unknown, more: object = {}) => ({
  ...{ id, data: { image: address, ...more }, meta: {}, annotations: [], predictions: [] },
});

/** Asks for predictions and returns them. */
export async function predict(url: string, body: unknown): Promise<readonly Prediction[]> {
  const response = await post(url, "/predict", body);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return ((await response.json()) as { results: Prediction[] }).results;
}
