// The icon of shared tables: two sheets, one behind the other.
import { LabIcon } from "@jupyterlab/ui-components";

export const sharedIcon = new LabIcon({
  name: "cenote-lab:shared",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3" fill="#616161">
    <path d="M2 2h8.500v2H9.200v-.7H3.300V9H4.600v1.300H2z"/>
    <path d="M5.500 5.500H14V14H5.500zm1.300 1.300v1.400h5.900V6.800zm0 2.600v1.100h2.300V9.400zm3.500 0v1.100h2.400V9.400zm-3.500 2.300v1h2.300v-1zm3.500 0v1h2.400v-1z"/>
  </g>
</svg>`,
});
