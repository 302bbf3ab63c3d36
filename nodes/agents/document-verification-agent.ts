import { defineAgent } from "../../core/define-agent.js";
import { verifyDocuments } from "./onboarding/verify-documents.js";

/** A2: reads the documents of a customer. */
export const documentVerificationAgent = defineAgent({
  agentId: "A2",
  slug: "document-verification-agent",
  name: "Document Verification Agent",
  description: "Analyzes documents to confirm required fields and detect issues requiring human review.",
  tools: ["read_document"],
  skills: { verify_documents: verifyDocuments },
});
