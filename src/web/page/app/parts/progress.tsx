/** How far something is, in words and as a bar. */
export function Progress({
  label,
  done,
  total,
}: {
  readonly label: string;
  readonly done?: number;
  readonly total?: number;
}) {
  return (
    <div className="progress">
      <span role="status">{label}</span>
      <progress aria-label={label} max={total ?? 1} {...(done !== undefined && { value: done })} />
    </div>
  );
}
