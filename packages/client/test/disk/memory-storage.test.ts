import { MemoryStorage } from '../../src/disk/memory-storage.ts';
import { storageCompliance } from './storage-compliance.ts';

storageCompliance('MemoryStorage', { create: (info) => new MemoryStorage(info) });
