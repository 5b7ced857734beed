// The workspace: one module a behaviour, tied together here.
import "../app";
import { startAlerts } from "./alerts";
import { startCanned } from "./canned";
import { startComposer } from "./composer";
import { startCounters } from "./counters";
import { startFrames } from "./frames";
import { startKeyboard } from "./keyboard";
import { startList } from "./list";
import { startNavigation } from "./navigation";
import { startPresence } from "./presence";
import { startProperties } from "./properties";
import { startSocket } from "./socket";
import { startThread } from "./thread";
import { startTimes } from "./times";

startTimes();
startFrames();
startNavigation();
startList();
startThread();
startComposer();
startCanned();
startProperties();
startCounters();
startPresence();
startAlerts();
startKeyboard();
startSocket();
