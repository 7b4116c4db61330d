import type { Lock } from "../../../src/host/store.ts";
import { webHost } from "../../../src/host/web/host.ts";
import { answerTasks } from "../answer-tasks.ts";
import { fromBase64, toBase64 } from "./base64.ts";

const host = webHost();
const { store, codec } = host;

/** Content that fails after its first half. */
async function* failing(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode("half of the new");
  throw new Error("the source ended");
}

let lock: Lock | undefined;

answerTasks({
  async decode(base64: string) {
    const { width, height, data } = await codec.decode({ bytes: fromBase64(base64), name: "x" });
    return { width, height, data: toBase64(data) };
  },
  header: (base64: string) => codec.header({ bytes: fromBase64(base64), name: "x" }),
  async encodePng(width: number, height: number, pixels: string) {
    return toBase64(await codec.encode({ width, height, data: fromBase64(pixels) }, "png"));
  },
  async thumbnail(base64: string, side: number) {
    const made = await codec.thumbnail({ bytes: fromBase64(base64), name: "x" }, side);
    return { ...made, jpeg: toBase64(made.jpeg) };
  },
  async labels(width: number, height: number, labels: string) {
    return toBase64(await codec.encodeLabels({ width, height, data: fromBase64(labels) }));
  },

  write: (path: string, data: string) => store.write([{ path, data }]),
  writeTwo: (a: string, b: string, data: string) =>
    store.write([
      { path: a, data },
      { path: b, data },
    ]),
  writeFailing: (path: string) => store.write([{ path, data: failing() }]),
  writeMuch: (path: string, bytes: number) => store.write([{ path, data: new Uint8Array(bytes) }]),
  read: (path: string) => store.readText(path),
  list: (path: string) => store.list(path, { hidden: true }),
  stat: (path: string) => store.stat(path),
  remove: (path: string) => store.remove(path),
  moveFolder: (from: string, to: string) => store.moveFolder(from, to),
  claimFolder: (path: string) => store.claimFolder(path),
  makeFolder: (path: string) => store.makeFolder(path),
  async appended(path: string) {
    const file = await store.append(path);
    await file.append("one\n");
    await file.append("two\n");
    await file.sync();
    const during = await store.readText(path);
    await file.close();
    const cut = await store.append(path, 4);
    await cut.append("three\n");
    await cut.close();
    return [during, await store.readText(path)];
  },
  async streamed(path: string) {
    const stream = await store.writeStream(path);
    await stream.write("a".repeat(400_000));
    const during = await store.exists(path);
    await stream.finish();
    const dropped = await store.writeStream(`${path}.not`);
    await dropped.write("b");
    await dropped.discard();
    return [during, (await store.stat(path))?.size];
  },
  async lock(folder: string) {
    lock = await store.lock(folder);
    await lock.check();
  },
  checkLock: () => lock!.check(),
  unlock: () => lock!.release(),
  async folderOf(files: Record<string, string>) {
    const encoder = new TextEncoder();
    const content = Object.entries(files).map(
      ([path, text]) => [path, encoder.encode(text)] as const,
    );
    return host.addFolder("given", new Map(content));
  },
  async archive(path: string, address: string) {
    await store.write([{ path, data: new Uint8Array(await (await fetch(address)).arrayBuffer()) }]);
    const archive = await store.openArchive(path);
    const texts = [];
    for (const name of archive.names) {
      texts.push([name, new TextDecoder().decode(await archive.read(name, 1e6))]);
    }
    return texts;
  },
  async tar() {
    await store.write([{ path: "a.tar", data: "" }]);
    const members = store.tarMembers(await store.open("a.tar"));
    await members[Symbol.asyncIterator]().next();
  },
});
