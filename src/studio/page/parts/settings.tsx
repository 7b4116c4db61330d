import type { Preferences } from "../../protocol.ts";
import { languages, type Language } from "../text.ts";
import { Dialog } from "./dialog.tsx";
import { useStudio } from "./studio.tsx";

/** Language and looks. */
export function Settings({ onClose }: { readonly onClose: () => void }) {
  const { t, language, preferences, setPreferences } = useStudio();
  const themes = {
    system: t.shell.themeSystem,
    light: t.shell.themeLight,
    dark: t.shell.themeDark,
  };
  return (
    <Dialog title={t.shell.settings} className="settings" onClose={onClose}>
      <label className="field">
        <span>{t.shell.language}</span>
        <select
          value={language}
          onChange={({ target }) => void setPreferences({ language: target.value as Language })}
        >
          {Object.entries(languages).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t.shell.theme}</span>
        <select
          value={preferences.theme}
          onChange={({ target }) =>
            void setPreferences({ theme: target.value as Preferences["theme"] })
          }
        >
          {Object.entries(themes).map(([theme, name]) => (
            <option key={theme} value={theme}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </Dialog>
  );
}
