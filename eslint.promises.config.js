import base from "./eslint.config.js";

/** What the type check of pages and workers covers. */
const web = [
  "src/web.ts",
  "src/browser/**/*.ts",
  "src/host/web/**/*.ts",
  "test/browser/web/**/*.ts",
];

/** Pages with what they start. */
const pages = ["src/studio/page", "src/web/page"];

const rules = {
  "@typescript-eslint/await-thenable": "error",
  "@typescript-eslint/no-floating-promises": "error",
};

// Rules that need types take as long as all others together, so the gate checks them, not `npm test`.
export default [
  ...base,
  {
    files: ["src/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    ignores: [...pages.map((folder) => `${folder}/**`), ...web],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules,
  },
  {
    files: web,
    languageOptions: {
      parserOptions: { project: "tsconfig.web.json", tsconfigRootDir: import.meta.dirname },
    },
    rules,
  },
  {
    files: pages.map((folder) => `${folder}/**/*.{ts,tsx}`),
    languageOptions: {
      parserOptions: { project: "tsconfig.page.json", tsconfigRootDir: import.meta.dirname },
    },
    rules,
  },
];
