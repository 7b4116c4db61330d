import type { Failure } from "../../protocol.ts";
import { t } from "../strings.ts";
import { Icon } from "../../../../studio/page/parts/icons.tsx";

/** Folders of the page that a visitor has never seen by these names. */
const inner = /\/(?:dropped\/given|dropped|data|runs|memory)\//g;

/** An error where it happened: where, what, and what to do. */
export function FailureNote({
  failure,
  onRetry,
}: {
  readonly failure: Failure;
  readonly onRetry?: () => void;
}) {
  const { message, stack, code, setting } = failure;
  return (
    <div className="failure-note" role="alert">
      <p>
        <Icon name="warning" /> <span>{shownMessage(message)}</span>
      </p>
      {setting !== undefined && <p>{t.otherSetting(setting)}</p>}
      {code === undefined && stack !== undefined && (
        <details>
          <summary>{t.details}</summary>
          <pre className="failure">{stack}</pre>
        </details>
      )}
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          {t.retry}
        </button>
      )}
    </div>
  );
}

/** A message with the places as the visitor knows them. */
export function shownMessage(message: string): string {
  return message.replace(inner, "");
}
