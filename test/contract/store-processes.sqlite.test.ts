import { openFreshStore } from "../support/store.js";
import { storeProcessContract } from "./store-processes.js";

storeProcessContract("SQLite", openFreshStore);
