import type { ScoringStrategy, ShapePoint } from '../config/plugin-args.ts';
import type { Scored } from './resource-columns.ts';
import type { RowScore } from './types.ts';

/** The score of one resource, 0 to 100, where `used` of `have` would be used. Never asked where there is none. */
type Rate = (used: number, have: number) => number;

/** The weighted mean of how each resource rates, by the strategy. 0 on nodes that have none of them. */
export function scoreBy({ type, requestedToCapacityRatio }: ScoringStrategy, resources: readonly Scored[]): RowScore['score'] {
  if (type === 'LeastAllocated') return meanOf(resources, least, false);
  if (type === 'MostAllocated') return meanOf(resources, most, false);
  return meanOf(resources, along(requestedToCapacityRatio?.shape ?? []), true);
}

const least: Rate = (used, have) => (used > have ? 0 : Math.floor(((have - used) * 100) / have));

const most: Rate = (used, have) => Math.floor((Math.min(used, have) * 100) / have);

function along(shape: readonly ShapePoint[]): Rate {
  return (used, have) => scoreAt(shape, used > have ? 100 : Math.floor((used * 100) / have));
}

/** On the straight line between the points around `utilization`, cut off to whole numbers as upstream does; flat beyond the ends. */
function scoreAt(shape: readonly ShapePoint[], utilization: number): number {
  const at = shape.findIndex((point) => utilization <= point.utilization);
  const [after, before] = [shape.at(at), shape[at - 1]];
  if (!after) return 0;
  if (!before) return after.score * 10;
  const rise = (after.score - before.score) * 10;
  return before.score * 10 + Math.trunc((rise * (utilization - before.utilization)) / (after.utilization - before.utilization));
}

/** @param ratio the mean is rounded to the nearest, and what rates 0 does not count at all; else it is rounded down */
function meanOf(resources: readonly Scored[], rate: Rate, ratio: boolean): RowScore['score'] {
  return (rows, scores) => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      let [sum, weights] = [0, 0];
      for (const { allocatable, taken, wanted, weight } of resources) {
        const have = allocatable.values[row] as number;
        if (have === 0) continue;
        const score = rate((taken.values[row] as number) + wanted, have);
        if (ratio && score <= 0) continue;
        sum += score * weight;
        weights += weight;
      }
      scores[row] = weights === 0 ? 0 : ratio ? Math.round(sum / weights) : Math.floor(sum / weights);
    }
  };
}
