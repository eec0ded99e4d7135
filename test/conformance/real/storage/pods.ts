import { eventually } from '@keelson/testing';
import type { Context } from '../../context.ts';
import { busybox } from '../images.ts';
import { logs, once, rest } from '../run.ts';

/** A shell script in a container, and where it sees the pod's volumes. */
export interface Script {
  readonly name?: string;
  readonly run: string;
  /** Paths by the volume's name. */
  readonly mounts: Readonly<Record<string, string>>;
  /** More of the container. */
  readonly more?: object;
}

/** A pod of scripts that ends when they end. `volumes` are sources by name; `spec` says more of the pod. */
export const scriptPod = (name: string, scripts: readonly Script[], volumes: Readonly<Record<string, object>>, spec: object = {}) =>
  once(name, scripts.map(containerOf), {
    terminationGracePeriodSeconds: 1,
    volumes: Object.entries(volumes).map(([volume, source]) => ({ name: volume, ...source })),
    ...spec,
  });

const containerOf = ({ name = 'main', run, mounts, more }: Script) => ({
  name,
  image: busybox,
  command: ['sh', '-c', run],
  volumeMounts: Object.entries(mounts).map(([volume, mountPath]) => ({ name: volume, mountPath })),
  ...more,
});

/** Waits until a container has printed a line, and where `after` is given, since it last printed that one. */
export async function prints(c: Context, pod: string, line: string, { container = 'main', after = '' } = {}): Promise<void> {
  const look = async (): Promise<boolean> => {
    const lines = (await logs(c, pod, { container })).split('\n');
    if (lines.slice(after ? lines.lastIndexOf(after) + 1 : 0).includes(line)) return true;
    await rest(500);
    return false;
  };
  await eventually(look, { deadlineMs: 120_000, message: `${container} of ${pod} prints ${line}` });
}

/** Prints a file's content, or that it is not there, once a second until it is stopped. */
export const readForEver = (path: string): string =>
  `trap exit TERM; while true; do cat ${path} 2>/dev/null && echo || echo missing; sleep 1 & wait $!; done`;

/** The permissions of a mode as `ls` writes them. */
export const letters = (mode: number): string => Array.from('rwxrwxrwx', (letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-')).join('');
