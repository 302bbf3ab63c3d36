import { openFreshStore } from "../support/store.js";
import { storeContract } from "./store.js";

storeContract("SQLite", openFreshStore);
