/**
 * Something the person at the keyboard can mend: a file, an option, a value. Hosts print the
 * message alone, without a stack. Messages read `where: what is wrong, with both values; what to do`.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}
