/** Spearman's rank correlation of two lists of equal length, -1..1; NaN if all values of one are equal. Ties share their mean rank. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  let [both, own, other] = [0, 0, 0];
  x.forEach((rank, i) => {
    both += (rank - middle) * (y[i]! - middle);
    own += (rank - middle) ** 2;
    other += (y[i]! - middle) ** 2;
  });
  return both / Math.sqrt(own * other);
}

function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const result: number[] = [];
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++;
    for (let i = first; i < end; i++) result[order[i]!] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}
