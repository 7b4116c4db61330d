/** IEEE half precision bits as float32: 1 sign, 5 exponent, 10 mantissa bits. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i]! & 0x8000) << 16;
    let exponent = (bits[i]! >> 10) & 0x1f;
    let mantissa = bits[i]! & 0x3ff;
    if (exponent === 0x1f) {
      out[i] = sign | 0x7f800000 | (mantissa << 13); // infinity, NaN
    } else if (exponent === 0 && mantissa === 0) {
      out[i] = sign;
    } else {
      if (exponent === 0) {
        // A subnormal half is a normal float: shift its highest bit into the hidden place.
        const shift = Math.clz32(mantissa) - 21;
        mantissa = (mantissa << shift) & 0x3ff;
        exponent = 1 - shift;
      }
      out[i] = sign | ((exponent + 112) << 23) | (mantissa << 13); // 112 = 127 - 15, the biases
    }
  }
  return new Float32Array(out.buffer);
}

/** bfloat16 bits as float32, whose upper half they are. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}

/** float32 as IEEE half precision bits, rounded to the nearest, ties to even; too large becomes infinity. */
export function narrowFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (x) => {
    const sign = (x >>> 16) & 0x8000;
    const exponent = ((x >>> 23) & 0xff) - 112; // 112 = 127 - 15, the biases
    const mantissa = x & 0x7fffff;
    if (exponent === 143) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
    if (exponent >= 31) return sign | 0x7c00;
    if (exponent < -10) return sign;
    // A subnormal half has no hidden bit: the leading 1 is written out, shifted to the right.
    const whole = exponent > 0 ? (exponent << 23) | mantissa : mantissa | 0x800000;
    const shift = exponent > 0 ? 13 : 14 - exponent;
    const truncated = whole >>> shift;
    const rest = whole & ((1 << shift) - 1);
    const half = 1 << (shift - 1);
    const up = rest > half || (rest === half && (truncated & 1) === 1) ? 1 : 0;
    return sign | (truncated + up); // may carry into the exponent
  });
}
