import type { Random } from "../../src/engine/random.ts";
import { mutateBytes, pick } from "./mutate-bytes.ts";
import { texts } from "./values.ts";

const blockBytes = 512;

/** Fields of a header: where they begin, and how long they are. */
const fields = { name: [0, 100], size: [124, 12], flag: [156, 1], link: [157, 100], magic: [257, 8], map: [386, 97], prefix: [345, 155] } as const; // prettier-ignore

const lengths = ["00000000000 ", "00000000001 ", "00000001000 ", "77777777777 ", "-0000000005 ", "            ", "x", "\0", "\x80\0\0\0\0\0\0\0\0\x7f\xff\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\0"]; // prettier-ignore
const flags = "\x000123457ABDKLMNSVXgx".split("");
const records = ["-5 a=", "99 path=x\n", "5 a=\n", "20 size=999999999999\n", "9 size=-1\n", "22 GNU.sparse.major=1\n", "0 ", "1", "12 path=../x\n", "17 __proto__=1\n"]; // prettier-ignore

/** A tar with a block changed, doubled, moved or removed; a header keeps its checksum right. */
export function mutateTar(bytes: Uint8Array, random: Random): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, i) =>
    Buffer.from(bytes.subarray(i * blockBytes, (i + 1) * blockBytes)),
  );
  if (blocks.length === 0) return bytes;
  const at = random.int(blocks.length);
  const headers = blocks.filter(
    (block) => block.length === blockBytes && block.toString("latin1", 257, 262) === "ustar",
  );
  switch (random.int(6)) {
    case 0:
      blocks.splice(at, 1 + random.int(3));
      break;
    case 1:
      blocks.splice(random.int(blocks.length), 0, ...blocks.slice(at, at + 1 + random.int(4)));
      break;
    case 2:
      // A record of pax, or what stands in its place.
      blocks[at]!.fill(0).write(pick(random, records));
      break;
    default:
      if (headers.length > 0) changeField(pick(random, headers), random);
  }
  return Buffer.concat(blocks);
}

function changeField(header: Buffer, random: Random): void {
  const field = pick(random, Object.keys(fields) as (keyof typeof fields)[]);
  const [start, length] = fields[field];
  const part = header.subarray(start, start + length);
  if (field === "size") part.fill(0).write(pick(random, lengths), "latin1");
  else if (field === "flag") part.write(pick(random, flags), "latin1");
  else if (random.chance(0.5)) part.fill(0).write(pick(random, texts));
  else part.set(mutateBytes(Uint8Array.from(part), random).subarray(0, length));
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}
