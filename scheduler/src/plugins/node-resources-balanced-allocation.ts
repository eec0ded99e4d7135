import type { Plugin } from './types.ts';

/**
 * Prefers nodes whose CPU and memory the pod would use in more equal parts: 50 plus half of how much the balance improves, where balance
 * is 100 less the deviation of the two fractions. Says nothing on pods that request nothing.
 */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  scope: 'row',
  weight: 1,
  score({ info, table }) {
    const { cpu, memory } = info.requests.amounts;
    if (cpu === 0 && memory === 0) return undefined;
    return {
      score(rows, scores) {
        const [cpuHave, cpuUsed] = [table.allocatable.cpu.values, table.requested.cpu.values];
        const [memoryHave, memoryUsed] = [table.allocatable.memory.values, table.requested.memory.values];
        for (let i = 0; i < rows.length; i++) {
          const row = rows[i] as number;
          const [a, b] = [cpuHave[row] as number, memoryHave[row] as number];
          const [used, usedMemory] = [cpuUsed[row] as number, memoryUsed[row] as number];
          const before = balance(a, used, b, usedMemory);
          const after = balance(a, used + cpu, b, usedMemory + memory);
          scores[row] = 50 + Math.trunc((50 + after - before) / 2);
        }
      },
    };
  },
};

function balance(cpu: number, cpuUsed: number, memory: number, memoryUsed: number): number {
  if (cpu === 0 || memory === 0) return 100;
  const difference = Math.min(cpuUsed / cpu, 1) - Math.min(memoryUsed / memory, 1);
  return Math.trunc((1 - Math.abs(difference) / 2) * 100);
}
