import { ExportList } from "./export-list.tsx";
import { MaskExport } from "./mask-export.tsx";
import { ModelExport } from "./model-export.tsx";
import { useExports } from "./use-exports.ts";
import "./export.css";

/** Masks in the formats of other tools, and the model itself. */
export default function ExportScreen() {
  const { exports, add } = useExports();
  return (
    <div className="export">
      <MaskExport onStarted={add} />
      <ModelExport onStarted={add} />
      <ExportList exports={exports} />
    </div>
  );
}
