// @ts-check
import {
  leechDiskMeasure,
  leechMeasure,
  manyMeasure,
  memoryMeasure,
  piecesMeasure,
} from './leech.mjs';
import {
  createHybridMeasure,
  createMeasure,
  metainfoMeasure,
  showMeasure,
  startupMeasure,
} from './make.mjs';
import { idleMeasure, seedMeasure, verifyMeasure } from './seed.mjs';

/** In the order of a report. @type {readonly import('./measure.mjs').Measure[]} */
export const measures = [
  leechMeasure,
  leechDiskMeasure,
  seedMeasure,
  manyMeasure,
  piecesMeasure,
  memoryMeasure,
  createMeasure,
  createHybridMeasure,
  verifyMeasure,
  metainfoMeasure,
  idleMeasure,
  startupMeasure,
  showMeasure,
];
