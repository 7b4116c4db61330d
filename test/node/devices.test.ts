import { expect, test } from "vitest";
import { resolveDevice } from "../../src/node/devices.ts";
import { UserError } from "../../src/user-error.ts";

test("the CPU needs no looking for", async () => {
  expect(await resolveDevice("cpu")).toEqual({ device: "cpu" });
});

test("auto finds a device that works and says what it passed over", async () => {
  const { device, note } = await resolveDevice("auto");
  expect(note).toContain(`device ${device}`);
});

test("a device that is asked for and missing is an error that lists what is there", async () => {
  // No system has both.
  const missing = process.platform === "darwin" ? "dml" : "coreml";
  const error = await resolveDevice(missing).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(new RegExp(`^device ${missing}: .*; there is cpu`));
});

test("a choice made before is not tried out again", async () => {
  const missing = process.platform === "darwin" ? "dml" : "coreml";
  expect(await resolveDevice({ device: missing })).toEqual({ device: missing });
});
