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

/** bfloat16 bits as float32: its upper half. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}
