import { ActionButton } from "../parts/actions.tsx";
import { Icon } from "../parts/icons.tsx";
import { Slider } from "../parts/slider.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber } from "../text.ts";
import { largestBrush, smallestBrush, tools, type PaintSettings } from "./paint-settings.ts";

/** The tools, and the settings of the one that is chosen. */
export function ToolBar({
  settings,
  onChange,
}: {
  readonly settings: PaintSettings;
  readonly onChange: (change: Partial<PaintSettings>) => void;
}) {
  const { t } = useStudio();
  return (
    <div className="tool-bar" role="toolbar" aria-label={t.review.tools}>
      <div className="tool-group">
        {tools.map((tool) => (
          <ActionButton key={tool} id={`review.${tool}`} className="plain tool">
            <Icon name={tool} />
          </ActionButton>
        ))}
      </div>
      <ToolSettings settings={settings} onChange={onChange} />
      <div className="tool-group tool-end">
        <ActionButton id="review.undo" className="plain tool" showsKey={false}>
          <Icon name="undo" />
        </ActionButton>
        <ActionButton id="review.redo" className="plain tool" showsKey={false}>
          <Icon name="redo" />
        </ActionButton>
        <ActionButton id="review.zoomOut" className="plain tool" showsKey={false}>
          <Icon name="minus" />
        </ActionButton>
        <ActionButton id="review.zoomFit" className="plain tool" showsKey={false}>
          <Icon name="fit" />
        </ActionButton>
        <ActionButton id="review.zoomIn" className="plain tool" showsKey={false}>
          <Icon name="plus" />
        </ActionButton>
      </div>
    </div>
  );
}

function ToolSettings({
  settings: { tool, size, tolerance, threshold },
  onChange,
}: {
  readonly settings: PaintSettings;
  readonly onChange: (change: Partial<PaintSettings>) => void;
}) {
  const { t, project } = useStudio();
  if (tool === "brush" || tool === "erase") {
    return (
      <Slider
        label={t.review.size}
        value={sliderOf(size)}
        max={100}
        step={1}
        shown={fill(t.review.sizePixels, { n: size })}
        onChange={(value) => onChange({ size: sizeOf(value) })}
      />
    );
  }
  if (tool === "bucket") {
    return (
      <Slider
        label={t.review.tolerance}
        value={tolerance}
        max={255}
        step={1}
        shown={tolerance === 255 ? t.review.toleranceAll : formatNumber(tolerance)}
        onChange={(value) => onChange({ tolerance: value })}
      />
    );
  }
  if (tool !== "grow") return null;
  if (project.models.length === 0) return <p className="warning">{t.review.growNeedsModel}</p>;
  return (
    <span className="slider" title={t.review.growHint}>
      <Slider
        label={t.review.threshold}
        value={threshold}
        max={1}
        step={0.01}
        shown={formatNumber(threshold, { minimumFractionDigits: 2 })}
        onChange={(value) => onChange({ threshold: value })}
      />
      <small className="tool-hint">{t.review.growHint}</small>
    </span>
  );
}

/** The slider of the size is logarithmic, as a pixel matters to a small brush only. */
const span = Math.log(largestBrush / smallestBrush);

function sliderOf(size: number): number {
  return Math.round((100 * Math.log(size / smallestBrush)) / span);
}

function sizeOf(value: number): number {
  return Math.round(smallestBrush * Math.exp((value / 100) * span));
}
