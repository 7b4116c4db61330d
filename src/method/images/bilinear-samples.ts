/** The two source positions of each output position along an axis: (1 − share) · first + share · second. */
export interface Samples {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float32Array;
}

/** Sampling positions along an axis of `from` pixels resized to `to`; options as in `resizeMaps`. */
export function bilinearSamples(
  from: number,
  to: number,
  alignCorners: boolean,
  scale = to / from,
): Samples {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const position = alignCorners
      ? (i * (from - 1)) / Math.max(1, to - 1)
      : Math.max(0, (i + 0.5) / scale - 0.5);
    first[i] = Math.min(from - 1, Math.floor(position));
    second[i] = Math.min(from - 1, first[i]! + 1);
    share[i] = position - first[i]!;
  }
  return { first, second, share };
}

/** Writes samples where kernels read them: first, second and share, one array after the other. */
export function placeSamples(
  { first, second, share }: Samples,
  buffer: ArrayBuffer,
  at: number,
): void {
  const { byteLength } = first;
  new Int32Array(buffer, at, first.length).set(first);
  new Int32Array(buffer, at + byteLength, first.length).set(second);
  new Float32Array(buffer, at + 2 * byteLength, first.length).set(share);
}
