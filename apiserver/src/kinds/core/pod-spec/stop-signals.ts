import type { FieldPath } from '@keelson/machinery';
import type { PodOS } from '@keelson/types';
import type { Report } from '../../report.ts';

const real = Array.from({ length: 15 }, (_one, index) => [`SIGRTMIN+${index + 1}`, `SIGRTMAX-${index}`]).flat();
const onLinux = [
  ...['SIGABRT', 'SIGALRM', 'SIGBUS', 'SIGCHLD', 'SIGCLD', 'SIGCONT', 'SIGFPE', 'SIGHUP', 'SIGILL', 'SIGINT', 'SIGIO', 'SIGIOT'],
  ...['SIGKILL', 'SIGPIPE', 'SIGPOLL', 'SIGPROF', 'SIGPWR', 'SIGQUIT', 'SIGSEGV', 'SIGSTKFLT', 'SIGSTOP', 'SIGSYS', 'SIGTERM'],
  ...['SIGTRAP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGUSR1', 'SIGUSR2', 'SIGVTALRM', 'SIGWINCH', 'SIGXCPU', 'SIGXFSZ'],
  ...['SIGRTMIN', 'SIGRTMAX', ...real.filter((name) => name !== 'SIGRTMAX-0')],
].sort();
const onWindows = ['SIGKILL', 'SIGTERM'];

/** What a container is told to stop with: which signals there are depends on the system, so that must be named. `at` is the lifecycle. */
export function checkStopSignal(signal: string, os: PodOS | undefined, at: FieldPath, report: Report): void {
  if (!os?.name) {
    report.forbidden(at, 'stopSignal', 'may not be set for containers with empty `spec.os.name`');
    return;
  }
  const supported = os.name === 'windows' ? onWindows : onLinux;
  if (!supported.includes(signal)) report.unsupported(at, 'stopSignal', signal, supported);
}
