import { Component, type ReactNode } from "react";
import type { Strings } from "../strings/en.ts";

/** Shows what went wrong in a screen instead of an empty page; the others go on working. */
export class ErrorBoundary extends Component<
  { readonly t: Strings; readonly children: ReactNode },
  { readonly error: Error | undefined }
> {
  override state: { readonly error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const { t } = this.props;
    return (
      <section className="notice" role="alert">
        <h1>{t.shell.failedTitle}</h1>
        <p>{t.shell.failedText}</p>
        <pre className="failure">{error.message}</pre>
        <p className="row">
          <button type="button" className="button primary" onClick={() => location.reload()}>
            {t.shell.reload}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => this.setState({ error: undefined })}
          >
            {t.shell.tryAgain}
          </button>
        </p>
      </section>
    );
  }
}
