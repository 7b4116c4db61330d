import { crc32c } from "../../../src/files/run/crc32c.ts";

export interface ReadEvent {
  readonly seconds: number;
  readonly step: number;
  readonly version?: string;
  readonly scalars: Record<string, number>;
  readonly images: {
    tag: string;
    description: string;
    width: number;
    height: number;
    png: Buffer;
  }[];
}

type Fields = Map<number, (number | Buffer)[]>;

/** Reads TensorBoard's event files by the book of its formats, without any of the writer's code but the checksum. */
export function readEvents(file: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    check(file.subarray(at, at + 8), file.readUInt32LE(at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    check(data, file.readUInt32LE(at + 12 + length));
    events.push(readEvent(parse(data)));
    at += length + 16;
  }
  return events;
}

function check(data: Buffer, masked: number): void {
  const rotated = (masked - 0xa282ead8) >>> 0;
  const crc = ((rotated >>> 17) | (rotated << 15)) >>> 0;
  if (crc !== crc32c(data)) throw new Error("a record's checksum is wrong");
}

function readEvent(event: Fields): ReadEvent {
  const summary = event.get(5)?.[0];
  const values = summary ? (parse(summary as Buffer).get(1) ?? []) : [];
  const scalars: Record<string, number> = {};
  const images: ReadEvent["images"] = [];
  for (const value of values) {
    const fields = parse(value as Buffer);
    const tag = String(fields.get(1)?.[0]);
    if (fields.has(2)) scalars[tag] = (fields.get(2)![0] as Buffer).readFloatLE();
    if (!fields.has(4)) continue;
    const picture = parse(fields.get(4)![0] as Buffer);
    const description = String(parse(fields.get(9)![0] as Buffer).get(3)?.[0]);
    const [height, width, , png] = [1, 2, 3, 4].map((n) => picture.get(n)![0]!);
    images.push({
      ...{ tag, description, width: width as number, height: height as number },
      png: png as Buffer,
    });
  }
  const version = event.get(3)?.[0];
  return {
    seconds: (event.get(1)![0] as Buffer).readDoubleLE(),
    step: (event.get(2)?.[0] as number | undefined) ?? 0,
    ...(version !== undefined && { version: version.toString() }),
    scalars,
    images,
  };
}

/** Protobuf's wire format: fields by number, varints as numbers, all else as bytes. */
function parse(data: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = data[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const wire = key & 7;
    const value = wire === 0 ? varint() : take(wire === 1 ? 8 : wire === 5 ? 4 : varint());
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;

  function take(length: number): Buffer {
    at += length;
    return data.subarray(at - length, at);
  }
}
