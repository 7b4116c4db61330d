/**
 * exp of four floats that are not positive. Below -60 the result is 9e-27, which is negligible beside 1 but not a
 * denormal number, since those are slow.
 */
export function expNonPositive(x: v128): v128 {
  const clamped = f32x4.max(x, f32x4.splat(-60.0));
  // exp(x) = 2^n exp(r) with |r| <= ln 2 / 2; ln 2 in two parts keeps r exact.
  // Adding 1.5 * 2^23 rounds to a whole number and puts it into the lowest bits.
  const rounded = f32x4.add(f32x4.mul(clamped, f32x4.splat(1.44269504)), f32x4.splat(12582912.0));
  const n = f32x4.sub(rounded, f32x4.splat(12582912.0));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.9875691e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1.0));
  return i32x4.add(p, i32x4.shl(rounded, 23)); // adds n to the exponent
}
