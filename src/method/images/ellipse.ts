/** An ellipse in pixels from the upper left corner of an image. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  /** Half its width and height before it is turned. */
  readonly radiusX: number;
  readonly radiusY: number;
  /** Angle about its center, clockwise in degrees. */
  readonly rotation?: number;
}

/**
 * Run lengths, down the columns of an image, of the pixels whose centers lie inside an ellipse. Parts outside of the image
 * are cut; an ellipse without a width or height has no pixels.
 */
export function ellipseCounts(
  { x, y, radiusX, radiusY, rotation = 0 }: Ellipse,
  { width, height }: { readonly width: number; readonly height: number },
): number[] {
  const counts: number[] = [];
  let end = 0;
  const add = (start: number, length: number): void => {
    if (start === end && counts.length > 0) counts[counts.length - 1]! += length;
    else counts.push(start - end, length);
    end = start + length;
  };
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [p, q] = [1 / radiusX ** 2, 1 / radiusY ** 2];
  const reach = Math.hypot(radiusX * cos, radiusY * sin);
  const first = Math.max(0, Math.ceil(x - reach - 0.5));
  const last = Math.min(width - 1, Math.floor(x + reach - 0.5));
  for (let column = first; column <= last && radiusX > 0 && radiusY > 0; column++) {
    // The pixels of a column lie inside where a dy² + 2 b dy + c <= 0.
    const dx = column + 0.5 - x;
    const a = p * sin * sin + q * cos * cos;
    const b = dx * sin * cos * (p - q);
    const c = dx * dx * (p * cos * cos + q * sin * sin) - 1;
    const root = Math.sqrt(Math.max(0, b * b - a * c));
    const top = Math.max(0, Math.ceil(y + (-b - root) / a - 0.5));
    const bottom = Math.min(height - 1, Math.floor(y + (-b + root) / a - 0.5));
    if (top <= bottom) add(column * height + top, bottom - top + 1);
  }
  if (end < width * height || counts.length === 0) counts.push(width * height - end);
  return counts;
}
