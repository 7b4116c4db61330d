/**
 * One AdamW update (method 2.12) of `count` parameters in place. Addresses are multiples of 16, and arrays are padded
 * to multiples of four floats.
 *
 *   m = beta1 m + (1 - beta1) g
 *   v = beta2 v + (1 - beta2) g²
 *   p = decay p - rate m / (sqrt(v) * correction + epsilon)
 *
 * Returns 0 if all gradients are finite, else NaN.
 */
export function adamw(
  parameters: usize,
  gradients: usize,
  firstMoments: usize,
  secondMoments: usize,
  count: i32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  decay: f32,
  rate: f32,
  correction: f32,
  epsilon: f32,
): f32 {
  const b1 = f32x4.splat(beta1);
  const c1 = f32x4.splat(oneMinusBeta1);
  const b2 = f32x4.splat(beta2);
  const c2 = f32x4.splat(oneMinusBeta2);
  const keep = f32x4.splat(decay);
  const step = f32x4.splat(rate);
  const scale = f32x4.splat(correction);
  const eps = f32x4.splat(epsilon);
  const zero = f32x4.splat(0);
  let poison = zero; // g * 0 is 0 for finite g and NaN otherwise
  const end = ((<usize>count + 3) / 4) * 16;
  for (let i: usize = 0; i < end; i += 16) {
    const g = v128.load(gradients + i);
    const m = f32x4.add(f32x4.mul(b1, v128.load(firstMoments + i)), f32x4.mul(c1, g));
    const v = f32x4.add(
      f32x4.mul(b2, v128.load(secondMoments + i)),
      f32x4.mul(c2, f32x4.mul(g, g)),
    );
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), scale), eps);
    const p = f32x4.mul(keep, v128.load(parameters + i));
    v128.store(firstMoments + i, m);
    v128.store(secondMoments + i, v);
    v128.store(parameters + i, f32x4.sub(p, f32x4.mul(step, f32x4.div(m, denominator))));
    poison = f32x4.add(poison, f32x4.mul(g, zero));
  }
  return (
    f32x4.extract_lane(poison, 0) +
    f32x4.extract_lane(poison, 1) +
    f32x4.extract_lane(poison, 2) +
    f32x4.extract_lane(poison, 3)
  );
}
