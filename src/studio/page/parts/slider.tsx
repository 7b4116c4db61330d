/** A slider with its value beside it. */
export function Slider({
  label,
  value,
  max = 1,
  step = 0.01,
  shown,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly max?: number;
  readonly step?: number;
  /** The value in words. */
  readonly shown: string;
  readonly onChange: (value: number) => void;
}) {
  return (
    <label className="slider">
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={max}
        step={step}
        value={value}
        aria-valuetext={shown}
        onChange={({ target }) => onChange(target.valueAsNumber)}
      />
      <output>{shown}</output>
    </label>
  );
}
