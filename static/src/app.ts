// What every page needs; the workspace adds inbox/main.ts.
import "./ui/trusted";
import "./ui/htmx";
import "./ui/copy";
import "./ui/dropdowns";
import "./ui/insert";
import "./ui/once";
import "./ui/sidebar";
import "./ui/theme";
import "./ui/toast";
