import { locales } from "zod/mini";

/** Has zod say in English what a schema refuses, for which zod/mini has no words of its own. */
export const inEnglish = { error: locales.en().localeError };
