import { execFile } from 'node:child_process';

/** Runs a program to its end and gives what it printed. @throws with the last thing it complained about. */
export function run(file: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 64 << 20, ...(env && { env }) };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if (error.code === 'ENOENT') return reject(new Error(`${file} is not installed`));
      reject(new Error(`${[file, ...args].join(' ')} failed: ${stderr.trim().split('\n').at(-1) || error.message}`));
    });
  });
}

/** The command line that runs another one in a network namespace. `ip netns exec` would remount /sys and hide the cgroups. */
export function within(netns: string | undefined, command: readonly string[]): readonly string[] {
  return netns === undefined ? command : ['nsenter', `--net=/run/netns/${netns}`, '--', ...command];
}

/** As `run`, in a network namespace. */
export function runWithin(netns: string | undefined, command: readonly string[]): Promise<string> {
  const [file = '', ...args] = within(netns, command);
  return run(file, args);
}

/** Root's programs are not on everybody's PATH, and after `su` not on root's. */
export function addSbin(): void {
  process.env.PATH = [process.env.PATH, '/usr/sbin', '/sbin'].filter(Boolean).join(':');
}
