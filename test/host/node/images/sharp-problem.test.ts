import { expect, test } from "vitest";
import { sharpProblem } from "../../../../src/host/node/images/sharp-problem.ts";

test("a decoder that can be loaded is no problem; one that cannot tells why in a line, without its advice", async () => {
  expect(await sharpProblem()).toBeUndefined();
  const message =
    'Could not load the "sharp" module using the linuxmusl-x64 runtime\n' +
    "ERR_DLOPEN_FAILED: Error relocating libvips-cpp.so.8.18.7: statx: symbol not found\n" +
    "Possible solutions:\n- Update your OS:";
  expect(await sharpProblem(() => Promise.reject(new Error(message)))).toBe(
    'Could not load the "sharp" module using the linuxmusl-x64 runtime: ' +
      "ERR_DLOPEN_FAILED: Error relocating libvips-cpp.so.8.18.7: statx: symbol not found",
  );
});
