// Names that more than one plugin uses.

/** The gettext domain of the extension's texts. */
export const DOMAIN = "cenote_lab";
/** The command that shows the panel. */
export const SHOW_POOL = "cenote:show-pool";
