/** What stands around all screens. */
export const shell = {
  tag: "Tag",
  train: "Train",
  inspect: "Inspect",
  review: "Review",
  export: "Export",
  screens: "Screens",
  skip: "Skip to the content",
  about: "About these data",
  loading: "Loading …",
  saved: "Saved",
  saving: "Saving …",
  offline: "Offline",
  search: "Search",
  keys: "Keys",
  language: "Language",
  theme: "Theme",
  themeSystem: "As the system",
  themeLight: "Light",
  themeDark: "Dark",
  settings: "Settings",
  messages: "Messages",
  close: "Close",
  reload: "Reload the page",
  tryAgain: "Try again",
  failedTitle: "This screen has stopped",
  failedText:
    "Everything that was shown as saved is on the disk. The message may help to find out why:",
  away: "The studio's server does not answer. Changes wait in this page and are stored once it is back; keep the page open.",
  refused:
    "The studio was started anew, so this page may not talk to it any more. Open the address that it printed in the terminal.",
  indexing: "Reading the folder: {n} image so far|Reading the folder: {n} images so far",
  indexingOf: "Reading the folder: {done} of {total} images",
  outside:
    "tags.csv was changed by another program while changes made here were not written yet. Which tags are right?",
  keepFile: "Those in the file",
  keepMine: "Those made here",
  kept: "The tags are settled",
  goTo: "Go to {screen}",
  undo: "Undo",
  redo: "Redo",
};

/** Search for commands and images. */
export const palette = {
  title: "Search commands and images",
  label: "Command or file name",
  none: "No command and no image matches",
  image: "Image",
};

/** The list of keys. */
export const keyList = {
  title: "Keys",
  about:
    "Choose a key and press the new one. Escape leaves it as it is, Delete takes the key away.",
  action: "Action",
  key: "Key",
  none: "none",
  press: "Press a key …",
  change: "Change the key of “{action}”",
  reset: "As it was",
  resetAll: "All as they were",
  conflict: "“{key}” also runs “{other}”",
  fixed: "Always the same",
  move: "Move in the grid",
  moveKeys: "Arrows, Home, End, Page up, Page down",
};

/** The start screen. */
export const start = {
  title: "Masks for your photographs, from nothing but tags",
  about:
    "tag2mask learns where things are in photographs from the names of what is in them. You tag, look and correct; it draws.",
  stepTag: "Tag",
  stepTagText:
    "Say what is in each photograph: dog, sofa. Some hundred are a good start, by keyboard about three seconds each.",
  stepTrain: "Train",
  stepTrainText: "The studio trains on this computer, and shows as it goes what it has understood.",
  stepReview: "Review and export",
  stepReviewText:
    "Correct the masks it is least sure of, train again with them, and export in the format you need.",
  emptyTitle: "This folder has no images yet",
  putHere:
    "Put photographs (JPEG, PNG, WebP, GIF) into this folder, or folders below it; they are shown as soon as they are found:",
  orSample:
    "Or look around with a sample first: small scenes with known masks, written into this folder.",
  sample: "Put a sample here",
  sampleBusy: "Drawing the scenes …",
  sampleDone: "{n} scenes are in the folder",
  dataTitle: "The data",
  folder: "Folder",
  ownFolder: "The studio's files",
  format: "Layout",
  images: "Images",
  classes: "Classes",
  untagged: "Without tags",
  withProblems: "With problems",
  corrections: "Corrected masks",
  models: "Models",
  version: "Version",
  licenses: "Licenses of the packages in this page",
  problems: "Problems of the data",
  noProblems: "No problems were found.",
  goTag: "Tag images",
};

/** Labels of masks that are no class. */
export const label = {
  background: "background",
  notKnown: "not known",
};
