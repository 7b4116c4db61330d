import { expect, test } from "vitest";
import { bytesSource } from "../../../src/host/byte-source.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { openWeights } from "../../../src/files/weights/open.ts";
import type { WeightsFile } from "../../../src/files/weights/weights-file.ts";
import { floats, py, tensor, torchZip, type Pickled } from "./torch-writer.ts";

const weight = tensor({ length: 2, shape: [2] });
const stateDict = py.dictionary({ w: weight });
const { raw } = py;
const number = (value: number): Pickled => raw(py.call(py.global("numpy.core.multiarray", "scalar"), py.global("numpy", "dtype"), py.integer(value))); // prettier-ignore
const namespace = raw(py.global("argparse", "Namespace"), ")", 0x81, py.dictionary({ lr: number(1) }), "b"); // prettier-ignore
const defaults = raw(py.call(py.global("collections", "defaultdict"), py.global("__builtin__", "list")), "(", py.text("a"), py.list(py.integer(1)), "u"); // prettier-ignore
const module = raw(py.global("models", "Net"), ")", 0x81, py.dictionary({ _parameters: stateDict }), "b"); // prettier-ignore

function open(value: Pickled): Promise<WeightsFile> {
  const bytes = torchZip(value, { 0: floats(1, 2) });
  return openWeights(bytesSource(bytes, "x.pth"), (zip) => nodeHost.store.openStoredArchive(zip));
}

test("objects beside the weights stay unopened and are named, with the keys that lead to them", async () => {
  const file = await open(
    py.dictionary({
      epoch: py.integer(9),
      best: number(3),
      args: namespace,
      hist: defaults,
      out: py.call(py.global("pathlib", "PosixPath"), py.text("/x")),
      meta: py.dictionary({ seed: number(1), run: py.call(py.global("os", "system"), py.text("false")) }), // prettier-ignore
      state_dict: stateDict,
    }),
  );
  expect(file.tensors.map(({ name }) => name)).toEqual(["w"]);
  expect(file.notes.join("\n")).toContain(
    'leaves unopened what is not plain data: "best" (numpy.core.multiarray.scalar), "args" (argparse.Namespace), ' +
      '"hist" (collections.defaultdict), "out" (pathlib.PosixPath), "meta.seed" (numpy.core.multiarray.scalar), ' +
      '"meta.run" (os.system)',
  );
});

test("among the weights themselves, an object without tensors is named and one with tensors refused", async () => {
  const file = await open(py.dictionary({ w: weight, best: number(3) }));
  expect(file.tensors).toHaveLength(1);
  expect(file.notes.join()).toContain('"best" (numpy');
  const special = py.call(py.global("torch._utils", "_rebuild_qtensor"), py.integer(1));
  await expect(open(py.dictionary({ w: weight, q: special }))).rejects.toThrow(
    /asks for torch\._utils\._rebuild_qtensor, which is not plain data/,
  );
});

test.each([
  ["by itself", module],
  ["wrapped", py.dictionary({ model: module, epoch: py.integer(1) })],
  ["beside an optimizer's tensors", py.dictionary({ model: module, optimizer: stateDict })],
])("a whole model %s is refused by its name", async (_, value) => {
  await expect(open(value)).rejects.toThrow(
    /x\.pth: its pickle asks for models\.Net, .*state_dict/,
  );
});
