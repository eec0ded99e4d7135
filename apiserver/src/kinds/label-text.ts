import { compareStrings } from '@keelson/machinery';

/** Labels as columns show them: `a=b,c=d`, or `<none>`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.sort(compareStrings).join(',') || '<none>';
}
