import type { NodeResourcesBalancedAllocationArgs } from '../config/plugin-args.ts';
import { type Scored, scoredColumns } from './resource-columns.ts';
import type { Plugin, Question, RowScore } from './types.ts';

/**
 * Prefers nodes whose resources, CPU and memory unless told otherwise, the pod would use in more equal parts: 50 plus half of how much the
 * balance improves, where balance is 100 less the deviation of the fractions. Says nothing on pods that request none of them.
 */
export function nodeResourcesBalancedAllocation({ resources }: NodeResourcesBalancedAllocationArgs): Plugin {
  const usual = resources.length === 2 && resources.every(({ name }) => name === 'cpu' || name === 'memory');
  return {
    name: 'NodeResourcesBalancedAllocation',
    scope: 'row',
    weight: 1,
    score(question) {
      if (usual) return ofCpuAndMemory(question);
      const scored = scoredColumns(resources, question.info.requests, question.table, true);
      return scored.every(({ wanted }) => wanted === 0) ? undefined : ofAny(scored);
    },
  };
}

/** Nearly everybody's, which has a loop of its own. */
function ofCpuAndMemory({ info, table }: Question): RowScore | undefined {
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
}

function balance(cpu: number, cpuUsed: number, memory: number, memoryUsed: number): number {
  if (cpu === 0 || memory === 0) return 100;
  const difference = Math.min(cpuUsed / cpu, 1) - Math.min(memoryUsed / memory, 1);
  return Math.trunc((1 - Math.abs(difference) / 2) * 100);
}

function ofAny(scored: readonly Scored[]): RowScore {
  return {
    score(rows, scores) {
      for (const row of rows) {
        const there = scored.filter(({ allocatable }) => allocatable.values[row] !== 0);
        const fraction = ({ allocatable, taken }: Scored, more: number): number =>
          Math.min(((taken.values[row] ?? 0) + more) / (allocatable.values[row] ?? 0), 1);
        const before = evenness(there.map((one) => fraction(one, 0)));
        const after = evenness(there.map((one) => fraction(one, one.wanted)));
        scores[row] = 50 + Math.trunc((50 + after - before) / 2);
      }
    },
  };
}

/** 100 less the standard deviation, in percent. */
function evenness(fractions: readonly number[]): number {
  if (fractions.length < 2) return 100;
  const [a = 0, b = 0] = fractions;
  const mean = fractions.reduce((sum, one) => sum + one, 0) / fractions.length;
  const spread = fractions.reduce((sum, one) => sum + (one - mean) ** 2, 0) / fractions.length;
  return Math.trunc((1 - (fractions.length === 2 ? Math.abs((a - b) / 2) : Math.sqrt(spread))) * 100);
}
