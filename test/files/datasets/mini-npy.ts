/** A .npy file as `numpy.save(path, {name: vector})` writes it: a pickled dictionary of float32 vectors, up to 1,000. */
export function tagsNpy(tags: ReadonlyMap<string, readonly number[]>): Uint8Array {
  const bytes: number[] = [];
  let memoized = 0;
  const byte = (...values: number[]): void => void bytes.push(...values);
  const memoize = (): number => {
    byte(0x94); // MEMOIZE
    return memoized++;
  };
  const text = (value: string): number => {
    byte(0x8c, value.length, ...Buffer.from(value)); // SHORT_BINUNICODE
    return memoize();
  };
  const get = (index: number): void => byte(0x68, index); // BINGET
  const int32 = (value: number): void => {
    const buffer = Buffer.alloc(4);
    buffer.writeInt32LE(value);
    byte(0x4a, ...buffer); // BININT
  };
  const global = (module: () => void, name: string): number => {
    module();
    text(name);
    byte(0x93); // STACK_GLOBAL
    return memoize();
  };
  /** The state of an element type: byte order, no fields, sizes as for builtin types, flags. */
  const typeState = (order: () => void, flags: number): void => {
    byte(0x28, 0x4b, 3);
    order();
    byte(0x4e, 0x4e, 0x4e);
    int32(-1);
    int32(-1);
    byte(0x4b, flags, 0x74);
    memoize();
    byte(0x62); // BUILD
  };
  const callWith = (push: () => void): void => {
    push();
    byte(0x89, 0x88, 0x87); // False, True, tuple of three
    memoize();
    byte(0x52); // REDUCE
  };

  let numpy = 0;
  const reconstruct = global(() => text("numpy._core.multiarray"), "_reconstruct");
  const ndarray = global(() => (numpy = text("numpy")), "ndarray");
  byte(0x4b, 0, 0x85);
  memoize();
  byte(0x43, 1, 0x62); // b"b", the type of elements for the time being
  const letter = memoize();
  byte(0x87);
  memoize();
  byte(0x52);
  memoize();
  byte(0x28, 0x4b, 1, 0x29);
  const dtype = global(() => get(numpy), "dtype");
  callWith(() => text("O8"));
  memoize();
  typeState(() => text("|"), 63);
  byte(0x89, 0x5d);
  memoize();
  byte(0x7d);
  memoize();
  byte(0x28);
  let float32 = -1;
  for (const [name, vector] of tags) {
    text(name);
    get(reconstruct);
    get(ndarray);
    byte(0x4b, 0, 0x85);
    memoize();
    get(letter);
    byte(0x87);
    memoize();
    byte(0x52);
    memoize();
    byte(0x28, 0x4b, 1, 0x4b, vector.length, 0x85);
    memoize();
    if (float32 < 0) {
      get(dtype);
      callWith(() => text("f4"));
      float32 = memoize();
      typeState(() => text("<"), 0);
    } else {
      get(float32);
    }
    const data = Buffer.from(Float32Array.from(vector).buffer);
    byte(0x89);
    if (data.length < 256)
      byte(0x43, data.length); // SHORT_BINBYTES
    else byte(0x42, data.length & 255, data.length >> 8, 0, 0); // BINBYTES
    byte(...data);
    memoize();
    byte(0x74);
    memoize();
    byte(0x62);
  }
  byte(0x75, 0x61, 0x74); // SETITEMS, APPEND, TUPLE
  memoize();
  byte(0x62, 0x2e); // BUILD, STOP

  const frame = Buffer.alloc(11);
  frame.set([0x80, 4, 0x95]);
  frame.writeBigUInt64LE(BigInt(bytes.length), 3);
  return Buffer.concat([npyHeader("|O", "()"), frame, Buffer.from(bytes)]);
}

/** The first bytes of a .npy file, version 1. */
export function npyHeader(type: string, shape: string, order = "False"): Buffer {
  const text = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, Buffer.from(padded)]);
}
