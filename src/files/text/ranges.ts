/** Ascending whole numbers with neighbors drawn together: `1`, `3-7`. */
export function ranges(numbers: readonly number[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let end = i;
    while (numbers[end + 1] === numbers[end]! + 1) end++;
    found.push(end === i ? String(numbers[i]!) : `${numbers[i]!}-${numbers[end]!}`);
    i = end + 1;
  }
  return found;
}
