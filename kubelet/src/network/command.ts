import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program to its end and gives what it printed. @throws with what it printed on standard error when it fails. */
export type Run = (file: string, args: readonly string[]) => Promise<string>;

const execute = promisify(execFile);

export const runCommand: Run = async (file, args) => (await execute(file, [...args])).stdout;
