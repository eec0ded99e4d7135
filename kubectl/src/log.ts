import type { Shell } from './types.ts';

/**
 * Writes one line as klog does: severity, month and day, time of day, process, place in the source, text. `place` is where upstream's
 * kubectl says the same.
 */
export function logLine({ clock, stderr }: Pick<Shell, 'clock' | 'stderr'>, severity: 'I' | 'W' | 'E', place: string, text: string): void {
  const [date = '', time = ''] = new Date(clock.now()).toISOString().slice(0, -1).split('T');
  const head = `${severity}${date.slice(5).replace('-', '')} ${time}000`;
  stderr.write(`${head} ${String(process.pid).padStart(7)} ${place}] ${text}\n`);
}
