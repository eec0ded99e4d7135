const prefix = Buffer.from('k8s:enc:');

/** Whether a stored value says of itself that it is sealed. Values in clear say nothing. */
export function isSealed(stored: Buffer): boolean {
  return stored.subarray(0, prefix.length).equals(prefix);
}
