import type { Page } from "playwright-core";

/** Settings of the smallest network, for the field of all others. */
export const tiny = [
  "model.backbone: mit_tiny",
  "model.decoderWidth: 8",
  "data.maxSide: 80",
  "eval.longSide: 64",
  "eval.minSide: 64",
  "eval.maxSide: 64",
  "train.validateEvery: 20",
  "train.checkpointEvery: 3",
  "train.labelWorkers: 0",
].join("\n");

/** Fills in the form of the demo, for 8 scenes of 64 pixels and the smallest network, and starts it. */
export async function startDemo(
  page: Page,
  { name, steps, device = "cpu" }: { name: string; steps: number; device?: "cpu" | "webgpu" },
): Promise<void> {
  await page.getByLabel("Scenes", { exact: true }).fill("8");
  await page.getByLabel("Side in pixels").fill("64");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Steps", { exact: true }).fill(`${steps}`);
  await page.getByLabel("Crop", { exact: true }).fill("64");
  await page.getByLabel("Batch", { exact: true }).fill("2");
  await page.getByLabel("Computed on").selectOption(device);
  await page.getByText("More settings").click();
  await page.getByLabel("Others").fill(tiny);
  // Pressed as soon as the settings are known to fit.
  await page.getByRole("button", { name: "Start the training" }).click();
}
