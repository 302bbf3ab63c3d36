import { openFreshStore } from "../support/store.js";
import { resourcesContract } from "./resources.js";

resourcesContract("SQLite", openFreshStore);
