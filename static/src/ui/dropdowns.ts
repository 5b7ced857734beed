// Bootstrap's dropdowns work by their data attributes as soon as the class is loaded.
import "bootstrap/js/dist/dropdown";
