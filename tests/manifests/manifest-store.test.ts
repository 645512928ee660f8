import { test } from 'uvu';
import { storeContract } from '../support/contracts/store-contract.ts';
import { manifestStoreUnderTest } from '../support/stores-under-test.ts';

storeContract('manifests', manifestStoreUnderTest);

test.run();
