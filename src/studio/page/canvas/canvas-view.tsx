import { useEffect, useRef, type ReactNode } from "react";
import { ImageCanvas } from "./image-canvas.ts";
import "./canvas.css";

/**
 * Makes an ImageCanvas in the page. What it shows is set on the canvas itself, so that drawing never waits for React.
 * @param onReady gets the canvas when it stands, and undefined when it is taken down; the same function for all renders
 */
export function CanvasView({
  label,
  describedBy,
  onReady,
  onKeyDown,
  children,
}: {
  readonly label: string;
  /** Id of a text that tells how to work with it by keyboard. */
  readonly describedBy?: string;
  readonly onReady: (canvas: ImageCanvas | undefined) => void;
  readonly onKeyDown?: (event: React.KeyboardEvent) => void;
  /** What lies over the canvas. */
  readonly children?: ReactNode;
}) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const canvas = new ImageCanvas(host.current!);
    onReady(canvas);
    return () => {
      onReady(undefined);
      canvas.close();
    };
  }, [onReady]);
  return (
    <div className="canvas-frame">
      <div
        ref={host}
        className="canvas"
        role="application"
        aria-label={label}
        aria-describedby={describedBy}
        tabIndex={0}
        onKeyDown={onKeyDown}
      />
      {children}
    </div>
  );
}
