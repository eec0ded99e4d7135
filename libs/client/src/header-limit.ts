/** Bytes of a request's line and headers together, as Go allows: commands, continue tokens and selectors may be long. */
export const headerLimit = 1024 * 1024;
