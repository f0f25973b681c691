// Names that more than one plugin uses.

/** The gettext domain of the extension's texts. */
export const DOMAIN = "cenote_lab";
/** The plugin whose settings are those of the panel and all that belongs to it. */
export const PANEL_PLUGIN = "cenote-lab:panel";
/** The command that shows the panel. */
export const SHOW_POOL = "cenote:show-pool";
/** The command that saves a picture of the panel's. */
export const SAVE_PICTURE = "cenote:save-picture";
