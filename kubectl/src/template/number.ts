/** The value of a number as a Go template writes it. Octal numbers begin with `0`; underscores only separate digits. */
export function numberOf(text: string): { readonly value: number; readonly float: boolean } {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  if (/^0[xXbBoO]/.test(digits)) return { value: sign * Number(digits), float: false };
  if (/^0[0-7]+$/.test(digits)) return { value: sign * Number.parseInt(digits, 8), float: false };
  return { value: sign * Number(digits), float: /[.eE]/.test(digits) };
}
