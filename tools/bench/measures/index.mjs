// @ts-check
import {
  leechDiskMeasure,
  leechMeasure,
  manyMeasure,
  memoryMeasure,
  piecesMeasure,
} from './leech.mjs';
import { filesMeasure } from './files.mjs';
import {
  createHybridMeasure,
  createMeasure,
  createV2Measure,
  metainfoMeasure,
  showMeasure,
  startupMeasure,
} from './make.mjs';
import { idleMeasure, seedMeasure, verifyMeasure } from './seed.mjs';
import { trackerMeasure, trackerMemoryMeasure } from './tracker.mjs';

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
  createV2Measure,
  verifyMeasure,
  metainfoMeasure,
  filesMeasure,
  idleMeasure,
  startupMeasure,
  showMeasure,
  trackerMeasure,
  trackerMemoryMeasure,
];
